// W4 Izhikevich 2003, Euler dt=0.5 ms, per-neuron a,b,c,d,I; spike list each step. usage: w4_izh VARIANT n steps
//  c : autovec update loop + scalar threshold/reset loop ; c-best : AVX-512 fused, compress-store ; c-best-f32 : same in float
#include "bench.h"
static __attribute__((noinline)) void upd(long n,double*restrict v,double*restrict u,const double*restrict A,const double*restrict B,const double*restrict I,double dt){
 for(long i=0;i<n;i++){double V=v[i],U=u[i];v[i]=V+dt*(0.04*V*V+5*V+140-U+I[i]);u[i]=U+dt*(A[i]*(B[i]*V-U));}}
static __attribute__((noinline)) long thr(long n,double*v,double*u,const double*C,const double*D,int*sp){long k=0;for(long i=0;i<n;i++)if(v[i]>30)sp[k++]=i;for(long j=0;j<k;j++){int i=sp[j];v[i]=C[i];u[i]+=D[i];}return k;}
#ifdef __AVX512F__
static __attribute__((noinline)) long best(long n,double*v,double*u,const double*A,const double*B,const double*C,const double*D,const double*I,int*sp,double dt){long k=0;__m256i id=_mm256_setr_epi32(0,1,2,3,4,5,6,7);
 for(long i=0;i<n;i+=8){vd V=_mm512_load_pd(v+i),U=_mm512_load_pd(u+i);vd X=V+S(dt)*(_mm512_fmadd_pd(_mm512_fmadd_pd(S(.04),V,S(5.)),V,S(140.)-U+_mm512_load_pd(I+i)));vd Y=U+S(dt)*_mm512_load_pd(A+i)*(_mm512_load_pd(B+i)*V-U);
  __mmask8 q=_mm512_cmp_pd_mask(X,S(30.),_CMP_GT_OQ);
  if(q){X=_mm512_mask_load_pd(X,q,C+i);Y=_mm512_mask_add_pd(Y,q,Y,_mm512_load_pd(D+i));_mm256_mask_compressstoreu_epi32(sp+k,q,_mm256_add_epi32(id,_mm256_set1_epi32(i)));k+=__builtin_popcount(q);}
  _mm512_store_pd(v+i,X);_mm512_store_pd(u+i,Y);}return k;}
static inline __m512 F(float x){return _mm512_set1_ps(x);}
static __attribute__((noinline)) long bestf(long n,float*v,float*u,const float*A,const float*B,const float*C,const float*D,const float*I,int*sp,float dt){long k=0;__m512i id=_mm512_setr_epi32(0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15);
 for(long i=0;i<n;i+=16){__m512 V=_mm512_load_ps(v+i),U=_mm512_load_ps(u+i);__m512 X=V+F(dt)*(_mm512_fmadd_ps(_mm512_fmadd_ps(F(.04f),V,F(5.f)),V,F(140.f)-U+_mm512_load_ps(I+i)));__m512 Y=U+F(dt)*_mm512_load_ps(A+i)*(_mm512_load_ps(B+i)*V-U);
  __mmask16 q=_mm512_cmp_ps_mask(X,F(30.f),_CMP_GT_OQ);
  if(q){X=_mm512_mask_load_ps(X,q,C+i);Y=_mm512_mask_add_ps(Y,q,Y,_mm512_load_ps(D+i));_mm512_mask_compressstoreu_epi32(sp+k,q,_mm512_add_epi32(id,_mm512_set1_epi32(i)));k+=__builtin_popcount(q);}
  _mm512_store_ps(v+i,X);_mm512_store_ps(u+i,Y);}return k;}
#else
static long best(long n,double*v,double*u,const double*A,const double*B,const double*C,const double*D,const double*I,int*sp,double dt){fprintf(stderr,"needs AVX-512\n");exit(1);}
static long bestf(long n,float*v,float*u,const float*A,const float*B,const float*C,const float*D,const float*I,int*sp,float dt){fprintf(stderr,"needs AVX-512\n");exit(1);}
#endif
int main(int c,char**a){const char*var=c>1?a[1]:"c";long n=c>2?atol(a[2]):10000,steps=c>3?atol(a[3]):10000,np=(n+15)&~15L;
 double*v=al(8*np),*u=al(8*np),*A=al(8*np),*B=al(8*np),*C=al(8*np),*D=al(8*np),*I=al(8*np);int*sp=al(4*np+64);float*f[7];for(int j=0;j<7;j++)f[j]=al(4*np);
 for(long i=0;i<np;i++){double r=i<n?(double)i/n:0;A[i]=.02;B[i]=.2;C[i]=-65+15*r*r;D[i]=8-6*r*r;I[i]=5+5*r;v[i]=-65;u[i]=.2*-65;
  f[0][i]=v[i];f[1][i]=u[i];f[2][i]=A[i];f[3][i]=B[i];f[4][i]=C[i];f[5][i]=D[i];f[6][i]=I[i];}
 long ns=0;double t=now();int m=!strcmp(var,"c")?0:!strcmp(var,"c-best")?1:2;
 for(long k=0;k<steps;k++){if(m==0){upd(n,v,u,A,B,I,.5);ns+=thr(n,v,u,C,D,sp);}else if(m==1)ns+=best(np,v,u,A,B,C,D,I,sp,.5);else ns+=bestf(np,f[0],f[1],f[2],f[3],f[4],f[5],f[6],sp,.5f);}
 double e=now();char note[99];sprintf(note,"spikes=%ld v0=%.9g vlast=%.9g",ns,m==2?f[0][0]:v[0],m==2?f[0][n-1]:v[n-1]);report("W4",var,n,steps,e-t,note);}
